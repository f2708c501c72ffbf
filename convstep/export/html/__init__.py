"""A run or a lesson as one HTML file that needs no network: it steps both ways in any browser.

All sentences and numbers are written here, in Python; the page's script only puts them in their places.
"""
