"""The device side of the wire, and the patient on the table."""
