"""The main job: every algorithm beside float GEMM and the peers found here, speed and exactness.

cases        what is multiplied, and the true product
contestants  who multiplies: fastmul's tables, float GEMM, the peers installed, the user's own
measure      checks each result, then times all contestants of a case in turns
exactness    how far a float result is off, and what else changes it
report, plot, html   tables, pictures, one page
"""
