"""The verbs: traces in, a verified plan out; pure and deterministic."""
