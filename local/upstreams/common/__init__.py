"""What all stand-ins share. It runs on every Python and Starlette that they run on."""
