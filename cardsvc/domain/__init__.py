"""The business itself: pure values and tables, no I/O, nothing imported but errors."""
