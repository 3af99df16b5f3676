"""What is on file, as people look for it and judge it: sessions, events, alarms."""
