//! Tests of whole frames.
