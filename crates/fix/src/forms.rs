//! The same fix as commands, templates and code.
