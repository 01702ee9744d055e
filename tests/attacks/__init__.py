"""Attacks on the one promise: nobody gets an unsigned byte before readers, whatever passwords they hold."""
