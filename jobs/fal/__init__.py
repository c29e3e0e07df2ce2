"""Everything that speaks fal's protocol: the adapter, the catalogue of models, the simulator."""
