"""Pure control core: no I/O and no clock outside ``controller.runtime``."""
