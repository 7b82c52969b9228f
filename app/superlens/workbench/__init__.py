"""The application without windows: project, job queue, engine links, settings.

QtCore only; of the engine nothing but its door (`superlens.engine.entry`).
"""
