"""What people say and do: orders on file, acceptances, audit, the keys' life."""
