# The versions that this configuration was checked with. The first `terraform init` adds their
# hashes, as the registry signs them, in place of this comment: commit them.

provider "registry.terraform.io/hashicorp/archive" {
  version = "2.8.1"
}

provider "registry.terraform.io/hashicorp/google" {
  version = "8.7.0"
}

provider "registry.terraform.io/hashicorp/time" {
  version = "0.14.2"
}
