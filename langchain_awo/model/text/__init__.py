"""Values and text: JSON, tables, lines, reprs and XML, read in one way everywhere."""
