# Seconds for a server that works to accept a connection, or to say that one is alive.
CONNECT_SECONDS = 3
