"""What can be asked and ordered: the operations, their forms and answers."""
