"""The OSC bridge: DAWs and patches ask the daemon by datagrams on loopback."""
