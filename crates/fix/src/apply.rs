//! Carrying out, step by step.
