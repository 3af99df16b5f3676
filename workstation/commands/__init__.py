"""The commands of `traction`, one file per subject."""
