#!/usr/bin/env bash
# Builds one service and pushes it.
set -euo pipefail

SERVICE="$1"
TAG="${2:-latest}"
AWS_REGION="us-east-1"
REGISTRY="123456789012.dkr.ecr.${AWS_REGION}.amazonaws.com"
REPO="acme-${SERVICE}"

aws ecr get-login-password --region "$AWS_REGION" | docker login --username AWS --password-stdin "$REGISTRY"

echo "Building $SERVICE"
docker buildx build \
  --platform linux/amd64 \
  --provenance=false \
  -f "infra/lambda/Dockerfile.${SERVICE}" \
  -t "${REGISTRY}/${REPO}:${TAG}" \
  --push .

if ! docker manifest inspect "${REGISTRY}/${REPO}:${TAG}" | grep -q "manifest.v2"; then
  echo "wrong type" >&2
  exit 1
fi

aws lambda update-function-code --function-name "acme-${SERVICE}" --image-uri "${REGISTRY}/${REPO}:${TAG}"
aws lambda wait function-updated-v2 --function-name "acme-${SERVICE}"
curl -fsS https://api.example.com/health
./scripts/notify.sh
