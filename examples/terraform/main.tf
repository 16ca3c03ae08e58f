# Deploys a package with Terraform or OpenTofu. In the repository: npm run package -- --stage prod --region eu-west-1
# --package packages/1.4.0 with your settings and parameters. The stack is that of template.json, so it has whatever the
# template has; what CloudFormation retains stays after a destroy.
#
#   module "kafka_producer" {
#     source          = "./examples/terraform"
#     package_folder  = "packages/1.4.0"
#     artifact_bucket = "my-artifacts"
#   }

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "package_folder" {
  type        = string
  description = "The folder that npm run package -- --package wrote"
}

variable "artifact_bucket" {
  type        = string
  description = "An existing bucket of the region, for the zips and the template"
}

variable "stack_name" {
  type        = string
  default     = null
  description = "Default: kafka-producer-<stage of the package>"
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of every resource that can have tags"
}

data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  package    = jsondecode(file("${var.package_folder}/deployment.json"))
  stack_name = coalesce(var.stack_name, "kafka-producer-${local.package.stage}")
  # Another one for each package: Lambda takes new code only from a new key.
  prefix = "${local.stack_name}/${sha256(file("${var.package_folder}/deployment.json"))}/"
}

resource "aws_s3_object" "artifact" {
  for_each = toset([for name in keys(local.package.files) : name if endswith(name, ".zip") || name == "template.json"])

  bucket      = var.artifact_bucket
  key         = "${local.prefix}${each.value}"
  source      = "${var.package_folder}/${each.value}"
  source_hash = local.package.files[each.value]

  lifecycle {
    # The zips of the previous package stay until the stack is updated: a failed update goes back to them.
    create_before_destroy = true

    precondition {
      condition     = filesha256("${var.package_folder}/${each.value}") == local.package.files[each.value]
      error_message = "${each.value} was changed after it was packaged."
    }
  }
}

resource "aws_cloudformation_stack" "functions" {
  name         = local.stack_name
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
  tags         = var.tags

  template_url = format(
    "https://%s.s3.%s.%s/%s",
    var.artifact_bucket,
    data.aws_region.current.name,
    data.aws_partition.current.dns_suffix,
    aws_s3_object.artifact["template.json"].key,
  )

  parameters = {
    ArtifactBucket = var.artifact_bucket
    ArtifactPrefix = local.prefix
  }

  lifecycle {
    precondition {
      condition     = local.package.region == data.aws_region.current.name
      error_message = "The package is for ${local.package.region}, the provider for ${data.aws_region.current.name}."
    }

    precondition {
      condition     = !local.package.isExample
      error_message = "The package is for an example cluster, as no settings named one."
    }
  }

  depends_on = [aws_s3_object.artifact]
}

output "outputs" {
  description = "The outputs of the stack, e.g. HttpApiUrl and DeadLettersQueueUrl"
  value       = aws_cloudformation_stack.functions.outputs
}
