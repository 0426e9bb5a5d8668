output "files" {
  description = "Path in the zip -> path on disk."
  value       = local.files
}
