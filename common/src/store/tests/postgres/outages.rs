//! A server that freezes, restarts its backends, or goes away.
