# Which files a function is made of; tests/terraform/test_bundle.py compares all of them with the
# zips that tests run.

run "a_bundle" {
  command = plan
  variables {
    function = "planner"
    root     = "../../.."
  }

  assert {
    condition     = output.files["main.py"] == "../../../functions/planner/main.py"
    error_message = "The function's own file is at the root of the zip."
  }
  assert {
    condition     = output.files["mixpanel_export/planning.py"] == "../../../shared/mixpanel_export/planning.py"
    error_message = "The modules that it shares with others are beside it."
  }
}

run "no_function" {
  command = plan
  variables {
    function = "exporter"
    root     = "../../.."
  }

  expect_failures = [var.function]
}
