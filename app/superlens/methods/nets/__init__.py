"""Network parts that more than one method is made of: blocks, averages, schedules, symmetries."""
