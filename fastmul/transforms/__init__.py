"""Mathematics shared by integers, polynomials and matrices: NTT and FFT plans, residues and CRT."""
