# Written by `lambark init --alarms terraform`; yours to change. A module of its own: `module "lambark_alarms" { source = "./alarms" }`,
# or `terraform -chdir=alarms apply`.
#
# What is watched, and what feeds it:
#   pushes of an index     EventBridge, from ECR. AWS's guide does not show `manifest-media-type` in this event, its event schema
#                          has it: where events come without it this rule is silent. `lambark check` before a deployment is
#                          what counts. Delivery is best effort.
#   pushes that failed     EventBridge, from ECR: `result` is FAILURE. Not established is which failures ECR tells; a client that
#                          gave up before it sent the manifest causes no event.
#   updates that failed    EventBridge, from CloudTrail: needs a trail in this Region that records management events.
#   failed validations     The metric lambark/FailedValidations: the workflow of `lambark init --ci github` counts there when
#   failed deployments     its variable LAMBARK_METRICS is `true`; FailedDeployments likewise.
#
# `LastUpdateStatus = Failed` is no event and no metric of AWS's: Lambda refuses such an update only after it has answered
# the call. `lambark ship` and `lambark deploy` wait for it and fail, which is what FailedDeployments counts. An update that
# somebody makes by hand and does not wait for is seen by nobody.

terraform {
  required_version = ">= 1.3"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "email" {
  description = "Who is told; empty if subscriptions are made elsewhere"
  type        = string
  default     = ""
}

variable "repositories" {
  description = "The ECR repositories that are watched; empty for every one"
  type        = list(string)
  default     = [{%REPOSITORIES%}]
}

data "aws_caller_identity" "current" {}

locals {
  # An empty list in a pattern would match nothing.
  only = length(var.repositories) == 0 ? {} : { "repository-name" = var.repositories }
}

# Without a key of its own: the key alias/aws/sns lets neither EventBridge nor CloudWatch publish. Messages name images and
# functions, no secrets.
resource "aws_sns_topic" "lambark" {
  name         = "lambark"
  display_name = "lambark"
}

resource "aws_sns_topic_subscription" "email" {
  count     = var.email == "" ? 0 : 1
  topic_arn = aws_sns_topic.lambark.arn
  protocol  = "email"
  endpoint  = var.email
}

resource "aws_sns_topic_policy" "lambark" {
  arn = aws_sns_topic.lambark.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "RulesPublish"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.lambark.arn
        Condition = { ArnEquals = { "aws:SourceArn" = [
          aws_cloudwatch_event_rule.index_pushed.arn,
          aws_cloudwatch_event_rule.push_failed.arn,
          aws_cloudwatch_event_rule.update_failed.arn,
        ] } }
      },
      {
        Sid       = "AlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.lambark.arn
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
    ]
  })
}

resource "aws_cloudwatch_event_rule" "index_pushed" {
  name        = "lambark-index-pushed"
  description = "An index was pushed, which Lambda refuses"
  event_pattern = jsonencode({
    source        = ["aws.ecr"]
    "detail-type" = ["ECR Image Action"]
    detail = merge(local.only, {
      "action-type" = ["PUSH"]
      result        = ["SUCCESS"]
      "manifest-media-type" = [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
      ]
    })
  })
}

resource "aws_cloudwatch_event_target" "index_pushed" {
  rule = aws_cloudwatch_event_rule.index_pushed.name
  arn  = aws_sns_topic.lambark.arn

  input_transformer {
    input_paths = {
      account    = "$.account"
      region     = "$.region"
      repository = "$.detail.repository-name"
      digest     = "$.detail.image-digest"
    }
    input_template = "\"An index was pushed to <repository>: Lambda refuses it. What can be deployed in its place: lambark resolve <account>.dkr.ecr.<region>.amazonaws.com/<repository>@<digest> --arch x86_64\""
  }
}

resource "aws_cloudwatch_event_rule" "push_failed" {
  name        = "lambark-push-failed"
  description = "A push failed"
  event_pattern = jsonencode({
    source        = ["aws.ecr"]
    "detail-type" = ["ECR Image Action"]
    detail        = merge(local.only, { "action-type" = ["PUSH"], result = ["FAILURE"] })
  })
}

resource "aws_cloudwatch_event_target" "push_failed" {
  rule = aws_cloudwatch_event_rule.push_failed.name
  arn  = aws_sns_topic.lambark.arn

  input_transformer {
    input_paths    = { repository = "$.detail.repository-name", time = "$.time" }
    input_template = "\"A push to <repository> failed at <time>. The log of whatever pushed it says why: lambark explain reads it.\""
  }
}

resource "aws_cloudwatch_event_rule" "update_failed" {
  name        = "lambark-update-failed"
  description = "Lambda refused another image for a function"
  event_pattern = jsonencode({
    source        = ["aws.lambda"]
    "detail-type" = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["lambda.amazonaws.com"]
      # Trails write the API's version behind the name.
      eventName = [{ prefix = "UpdateFunctionCode" }]
      errorCode = [{ exists = true }]
    }
  })
}

resource "aws_cloudwatch_event_target" "update_failed" {
  rule = aws_cloudwatch_event_rule.update_failed.name
  arn  = aws_sns_topic.lambark.arn

  input_transformer {
    input_paths = {
      code     = "$.detail.errorCode"
      function = "$.detail.requestParameters.functionName"
      time     = "$.time"
    }
    input_template = "\"UpdateFunctionCode of <function> failed at <time> with <code>. What to do: lambark doctor <function>\""
  }
}

resource "aws_cloudwatch_metric_alarm" "failures" {
  for_each = {
    FailedValidations = "An image was not deployed because Lambda would refuse it. The workflow's log has the findings."
    FailedDeployments = "A deployment failed or was rolled back. The workflow's log says which."
  }

  alarm_name          = "lambark-${each.key}"
  alarm_description   = each.value
  namespace           = "lambark"
  metric_name         = each.key
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  # No data is no failure: the workflow counts failures alone.
  treat_missing_data = "notBreaching"
  alarm_actions      = [aws_sns_topic.lambark.arn]
}

output "topic_arn" {
  description = "Where everything is told"
  value       = aws_sns_topic.lambark.arn
}
