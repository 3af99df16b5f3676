"""What people enter and do: orders on file, acceptances, audit, the keys' life."""
