"""Services, bindings, dispatch, the meter, limits and traces: without IPython or HTTP."""
