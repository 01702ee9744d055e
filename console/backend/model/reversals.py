"""The words for a revert, in the dialogs of the revert and of arming, which leads to one: one fact in one place."""

REVERT_OF_CUT = "CANNOT BE UNDONE: a reverted document needs another document prefix to be cut again"
REVERT_OF_AMENDMENT = "CANNOT BE UNDONE: the amendment has to be planned and signed again"
REVERT_OF_REPEAL = "CANNOT BE UNDONE: the repeal has to be planned and signed again"
