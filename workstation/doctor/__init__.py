"""What of this workstation is well, not well, or was not checked: for a command and a console."""
