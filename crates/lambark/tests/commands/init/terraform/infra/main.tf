resource "aws_ecr_repository" "app" { name = "orders" }
resource "docker_image" "app" {
  name = "${aws_ecr_repository.app.repository_url}:v1"
  build {
    context    = "${path.module}/../app"
    platform   = "linux/arm64"
    provenance = "false"
    builder    = "default"
  }
}
resource "aws_lambda_function" "app" {
  function_name = "orders"
  package_type  = "Image"
  image_uri     = docker_image.app.name
  architectures = ["arm64"]
  role          = "arn:aws:iam::123456789012:role/orders"
}
