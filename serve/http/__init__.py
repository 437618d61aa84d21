"""What every wire format needs of HTTP: bodies under limits, errors in the shape of the route, one record a request."""
