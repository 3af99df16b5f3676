"""What each kind of event says: classes, the table of kinds and classes, and the codec."""
