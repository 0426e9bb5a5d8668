terraform {
  # Partial: bucket and prefix come from `-backend-config`, so that one checkout serves several
  # deployments. A configuration that calls this one as a module has a backend of its own, and
  # Terraform says that it ignores this block.
  backend "gcs" {}
}
