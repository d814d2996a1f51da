"""An earlier plan and new traces in, a new plan out that keeps what still holds."""
