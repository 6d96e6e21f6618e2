"""The core: services, bindings, execution, limits and traces, without IPython or HTTP."""
