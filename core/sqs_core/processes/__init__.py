"""One consumer in several processes: a parent starts them, watches over them, and ends them all."""
