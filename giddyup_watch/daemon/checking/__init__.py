"""What is missing and what is proved: rounds of checks, the nightly proof, who says what."""
