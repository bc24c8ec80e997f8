"""Every check there is: importing this package registers them, in the order operators read them."""
