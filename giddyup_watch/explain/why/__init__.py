"""Why a day or month is as it is: the evidence gathered, judged by small rules, told as JSON."""
