// Asked by browser_tests/chromium.py; does nothing by itself.
