// A service worker that does nothing. Browsers register it only where they trust the certificate: that is the test.
