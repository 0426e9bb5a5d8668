locals {
  # Said at each resource, not as the provider's `default_labels`: so they also hold where this is
  # called as a module, whose caller brings the provider.
  labels = merge(var.labels, { app = "mixpanel-export" })

  component_labels = {
    for component in ["fetcher", "loader", "planner"] :
    component => merge(local.labels, { component = component })
  }
}
