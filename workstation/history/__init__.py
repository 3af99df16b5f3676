"""What is on file, as people search and judge it: sessions, events, alarms."""
