//! The functions of template expressions whose results depend on their arguments alone.
