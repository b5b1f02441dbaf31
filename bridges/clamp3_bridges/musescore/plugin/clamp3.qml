// @MARK@
