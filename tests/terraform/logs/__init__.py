"""What Cloud Logging and Cloud Monitoring make of log lines, as far as we use them."""
