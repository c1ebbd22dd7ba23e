package controller

// Stall lets the instance believe that its process stood still.
func (c *Controller) Stall() { c.pulse.count.Add(1) }
