# The rule of local/bundles.py, which the tests run against this one: `main.py` and
# `requirements.txt` of the function and, beside them, every module of `mixpanel_export`. Only these,
# as the build compiles all that it finds, and what is not in the tests' zips is not tested.

locals {
  _source  = "${var.root}/functions/${var.function}"
  _package = "${var.root}/shared/mixpanel_export"

  files = merge(
    { for name in ["main.py", "requirements.txt"] : name => "${local._source}/${name}" },
    { for name in fileset(local._package, "*.py") :
      "mixpanel_export/${name}" => "${local._package}/${name}"
    },
  )
}
