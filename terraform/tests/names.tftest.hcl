# What things are called, without and with a prefix.

variables {
  mixpanel_project_id = "1234567"
  notification_emails = ["data@example.com"]
  project_id          = "acme-analytics"
  region              = "europe-west1"
}

run "names_without_a_prefix" {
  command = plan
  module {
    source = "./tests/inputs"
  }

  assert {
    condition = output.names == {
      dataset       = "mixpanel"
      dead_letters  = "dead-letters"
      environment   = "prod"
      export_bucket = "acme-analytics-mixpanel-exports"
      fetcher       = "fetcher"
      landed        = "landed-objects"
      loader        = "loader"
      planner       = "planner"
      raw_dataset   = "mixpanel_raw"
      requests      = "export-requests"
      secret        = "mixpanel-credentials"
      source_bucket = "acme-analytics-mixpanel-source"
    }
    error_message = "Names of a deployment that is alone in its project are as short as can be."
  }
}

run "names_with_a_prefix" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    prefix = "web-eu"
  }

  assert {
    condition = output.names == {
      dataset       = "web_eu_mixpanel"
      dead_letters  = "web-eu-dead-letters"
      environment   = "web-eu"
      export_bucket = "acme-analytics-web-eu-mixpanel-exports"
      fetcher       = "web-eu-fetcher"
      landed        = "web-eu-landed-objects"
      loader        = "web-eu-loader"
      planner       = "web-eu-planner"
      raw_dataset   = "web_eu_mixpanel_raw"
      requests      = "web-eu-export-requests"
      secret        = "web-eu-mixpanel-credentials"
      source_bucket = "acme-analytics-web-eu-mixpanel-source"
    }
    error_message = "Every name has the prefix; datasets take no hyphen, and job ids begin with it."
  }
}

run "name_of_a_secret_that_exists" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    mixpanel_secret_id = "analytics_Mixpanel-2"
    prefix             = "web-eu"
  }

  assert {
    condition     = output.names.secret == "analytics_Mixpanel-2"
    error_message = "A secret that exists keeps its name, whatever the prefix."
  }
}
